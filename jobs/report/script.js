// Shows one document at a time, and filters the list. Without it every document would be hidden.
(function () {
  var links = Array.prototype.slice.call(document.querySelectorAll("aside a"));
  var sheets = Array.prototype.slice.call(document.querySelectorAll("article"));
  function show(id) {
    sheets.forEach(function (sheet) { sheet.classList.toggle("here", sheet.id === id); });
    links.forEach(function (link) { link.classList.toggle("here", link.getAttribute("href") === "#" + id); });
  }
  links.forEach(function (link) {
    link.addEventListener("click", function (event) {
      event.preventDefault();
      show(link.getAttribute("href").slice(1));
      if (window.innerWidth <= 900) { document.querySelector(".sheets").scrollIntoView(); }
    });
  });
  var input = document.querySelector("aside input");
  if (input) {
    input.addEventListener("input", function () {
      var words = input.value.toLowerCase().split(/\s+/);
      links.forEach(function (link) {
        var text = (link.textContent + " " + link.dataset.outcomes).toLowerCase();
        link.parentNode.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
      });
    });
  }
  if (sheets.length) { show(sheets[0].id); }
})();

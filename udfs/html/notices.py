"""Lines that a template writes and no author: "Skip to content", "Next: .. Up: .. Previous: .."."""

from __future__ import annotations

import re

MAX_CHARS = 200
"""A longer block is prose, whatever it begins with."""

_DATED = (
    r"(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\ \d{1,2}(?:st|nd|rd|th)?"
    r"|\d{1,2}(?:st|nd|rd|th)?\ (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)"
    r",?\ (?:19|20)\d\d"
)
_GENERATORS = (
    "doxygen|sphinx|mkdocs|jekyll|hugo|docusaurus|gitbook|javadoc|documenter|franklin|latex2html"
    "|tex4ht|hevea|pandoc|quarto|read the docs|asciidoctor|jupyter|epydoc|pdoc|wordpress|texinfo"
    "|makeinfo|texi2html|tth|latexml|plastex|rustdoc|pkgdown|vitepress|hexo|pelican|knitr"
)
_PLATFORMS = (
    "wordpress|mediawiki|discourse|phpbb|vbulletin|jekyll|hugo|github|blogger|disqus|mathjax"
    "|gitbook|confluence|docusaurus|sphinx|moodle|drupal|xenforo|smf|wikidot|instiki|ghost|medium"
    "|hexo|pelican"
)
# Blocks of running text as a whole, without the marks and punctuation around their words. Spaces
# stand for spaces; the lines of a group belong to one kind of notice.
_KINDS = (
    # Ways on the page.
    r"(?:skip|jump|go) to (?:the )?(?:main |page )?(?:content|navigation|search|text|bottom|top)"
    r"(?: search)?",
    r"(?:back|return|scroll) to (?:the )?top(?: of (?:the )?(?:page|form))?|top of page",
    r"(?:table of contents?|on this page|in this (?:article|section)|page contents)"
    r"|contents (?:hide|show|toggle)|toggle (?:the )?(?:navigation|menu|table of contents).{0,40}",
    r"(?:show|hide) (?:all )?(?:block|more|less|details|contents?|all|menu|sidebar|comments|toc)"
    r"|expand description|(?:expand|collapse) all",
    r"(?:previous|prev|next)(?: (?:page|post|article|chapter|section|topic|lesson|up))?"
    r"(?: (?:previous|next|up)){0,2}",
    r"you(?: are|'re) (?:here(?: home.{0,100})?|not logged in.{0,60}"
    r"|(?:reading|viewing) .{0,40}(?:version|documentation).{0,60})",
    # The source, and other forms of the page.
    r"edit(?: this)?(?: page| me)? on (?:github|gitlab|bitbucket)|edit this page",
    r"(?:view|show|open)(?: this)?(?: page)?(?: source)? (?:on|in)"
    r" (?:github|gitlab|colab|binder)|(?:view|show) (?:page )?source|view source code",
    r"improve this (?:page|doc|article)|suggest (?:an )?edits?"
    r"|report (?:an )?(?:issue|error|a bug)",
    r"(?:print|printer[ -]friendly)(?: (?:this )?(?:page|version))?"
    r"|(?:view|download|save) (?:as )?(?:a )?pdf",
    r"(?:copy|copied)(?: (?:code|link|to clipboard|to clipboard copied))?|(?:code )?select all",
    # Readers' part.
    r"(?:improve|report) (?:this )?(?:question|answer) ?(?:follow)?"
    r"|share cite(?: improve .{0,60})?",
    r"was this (?:page|article|post|answer|lesson) (?:helpful|useful)(?: yes no)?",
    r"leave a (?:reply|comment)|post a comment|(?:add|write) a comment|cancel reply",
    r"(?:you must|please) (?:be logged in|log in|sign in|login|register) to .{0,60}",
    r"your email address will not be published.{0,60}|subscribe to .{0,80}",
    r"share|re?tweet|(?:share|tweet|pin it|like) this(?: post| article| page)?|share on \w+"
    r"|email this ?blogthis.{0,80}",
    r"users browsing this .{0,100}|there are currently \d+ users .{0,80}",
    r"related (?:posts|articles|pages|questions|topics|content|stories|reading|news)"
    r"|you (?:may|might) (?:also )?(?:like|enjoy|be interested in).{0,40}"
    r"|(?:recommended|suggested) (?:for you|reading|articles|posts)|about the author"
    r"|(?:filed under|tagged (?:with|as|in)) .{0,80}|(?:read|see) (?:more|also|next) on .{0,60}",
    # The machine's part.
    r"loading|loading comments|like loading|searching|please wait",
    r"(?:this )?(?:page|site) requires javascript.{0,60}"
    r"|(?:please )?(?:enable|turn on) javascript.{0,80}",
    r"advertisements?|sponsored(?: content)?|report this ad"
    r"|(?:this (?:web)?site|we) uses? cookies.{0,150}",
    r"(?:this )?documentation for this \w+ was generated from the following files?.{0,160}"
    r"|(?:definition|declaration) at line \d+ of file .{0,160}"
    r"|go to the (?:source code|documentation) of this file|this graph shows which files .{0,100}"
    r"|(?:inheritance|collaboration|include dependency|(?:here is the )?call(?:er)?) "
    r"(?:diagram|graph) for .{0,160}",
    r"(?:this (?:page|site|file|document|documentation) )?(?:was )?(?:last )?"
    r"(?:generated|built|created) (?:on .{4,60} )?(?:by|with|using) (?:the )?"
    rf"(?:{_GENERATORS}).{{0,100}}",
    rf"(?:proudly )?powered by (?:{_PLATFORMS}).{{0,100}}",
    r"(?:this )?(?:page|site|article|document|post)? ?(?:was )?last "
    r"(?:updated|modified|edited|changed|revised|reviewed|update|build)\b.{0,20}\d\d.{0,80}",
    # Rights.
    r"(?:©|copyright|copyleft)(?: ?©| c)? (?:.{0,12}(?:19|20)\d\d.{0,140}|.{0,60}(?:19|20)\d\d)"
    r"|all rights reserved.{0,40}",
    r"(?:unless|except where) otherwise (?:stated|noted|indicated).{0,40}"
    r"(?:content|page|work|site|licen).{0,120}",
    r"(?:this (?:work|page|article|content|document|book|site|website) is "
    r"|(?:text|content) is (?:available )?)(?:licen[sc]ed )?under (?:an? |the )?"
    r"(?:creative|cc|gnu|mit|apache|gpl|gfdl|free).{0,120}",
    r"(?:how to )?cite (?:this|as) .{0,180}|cite this (?:page|entry|article)? ?as",
    r"posted (?:on|by|at|in) .{0,80}",
    # The same in other languages.
    r"zum (?:inhalt|hauptinhalt|seitenanfang|anfang) ?(?:springen|der seite)?|nach oben"
    r"|zur (?:navigation|suche) springen|inhaltsverzeichnis|seite bearbeiten|quelltext anzeigen"
    r"|teilen(?: mit)?|kommentar (?:schreiben|hinterlassen)|schreibe einen kommentar"
    r"|(?:diese seite wurde )?zuletzt (?:am .{0,20})?(?:geändert|bearbeitet|aktualisiert).{0,60}"
    r"|das könnte (?:dich|sie) (?:auch )?(?:noch )?interessieren|mehr zum thema"
    r"|(?:weitere|ähnliche|verwandte) (?:artikel|beiträge|themen|inhalte).{0,30}|wird geladen"
    r"|kommentieren sie.{0,40}|zurück (?:nach oben|zum seitenanfang)"
    r"|alle rechte vorbehalten|deine e mail adresse wird nicht veröffentlicht.{0,80}",
    r"aller (?:au|à la) (?:contenu|navigation|recherche)(?: principal)?|haut de (?:la )?page"
    r"|retour en haut|table des matières|sommaire(?: masquer)?|partager(?: (?:cet|sur) .{0,40})?"
    r"|(?:vous aimerez|à lire|lire) aussi.{0,60}|articles similaires|sur le même sujet"
    r"|laisser un commentaire|tous droits réservés|(?:cette page a été )?(?:dernière"
    r" (?:modification|mise à jour)|modifiée).{0,80}\d\d.{0,40}",
    r"(?:ir|saltar) al contenido(?: principal)?|tabla de contenidos?|volver arriba"
    r"|deja(?:r)? un(?:a)? (?:comentario|respuesta)|compartir(?: en .{0,40})?"
    r"|(?:te|le) puede interesar|(?:artículos|noticias|entradas) relacionad[ao]s"
    r"|todos los derechos reservados|(?:esta página se editó por )?última (?:edición|vez"
    r"|actualización|modificación).{0,80}",
    r"vai al contenuto|indice dei contenuti|torna su|lascia un commento|tutti i diritti riservati"
    r"|condividi(?: su .{0,40})?|ir para o conteúdo|pular para o conteúdo|voltar ao topo"
    r"|deixe um comentário|todos os direitos reservados|compartilhar(?: isso)?",
    r"перейти к (?:навигации|поиску|содержанию|содержимому)|материал из \w+.{0,80}"
    r"|все права защищены.{0,40}|наверх|оглавление|поделиться(?: ссылкой)?|добавить комментарий"
    r"|跳转到(?:导航|搜索|内容)|跳至(?:内容|主要内容)|目录|返回顶部|版权所有.{0,60}|上一篇.{0,60}"
    r"|下一篇.{0,60}|コンテンツへスキップ|目次|トップへ戻る|ページの先頭へ",
)
_WHOLE = re.compile("|".join(_KINDS), re.IGNORECASE)
_DATE = re.compile(
    r"(?:by\ .{0,40}?)?(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\ )?"
    + _DATED
    + r",?(?:\ at)?(?:\ \d{1,2}\ \d\d(?:\ \d\d)?)?(?:\ ?[ap]m)?(?:\ [a-z]{3})?",
    re.IGNORECASE,
)
_MARKS = re.compile(r"[\s*_`#>|\[\]()«»‹›→←↑↓▲▼·•¶\\:.…!¿?–—-]+")
_FIRST = re.compile(r"[^\w©]*([^\W\d_]+|©)")
_STARTS = frozenset(
    str.split(
        """
        skip jump go back return scroll top edit view show open improve suggest report was loading
        like searching please leave post add write cancel you your this page enable turn share
        tweet pin email advertisement advertisements sponsored table on in contents toggle hide
        expand collapse copy copied previous prev next print printer download documentation
        definition declaration the generated built created last proudly powered © copyright
        copyleft all site article document we code select subscribe related how cite posted users
        there save unless except retweet rtweet text content
        inheritance collaboration include here call caller
        zum zur nach inhaltsverzeichnis seite quelltext teilen kommentar schreibe diese zuletzt
        das mehr weitere ähnliche verwandte wird kommentieren zurück vous à lire articles sur
        te le artículos noticias entradas recommended suggested about filed tagged read see
        alle deine aller haut retour sommaire partager laisser tous cette dernière modifiée ir
        saltar tabla volver deja dejar compartir todos esta última vai indice torna lascia tutti
        condividi pular voltar deixe compartilhar перейти материал все наверх оглавление
        поделиться добавить 目录 返回顶部 目次 コンテンツへスキップ トップへ戻る ページの先頭へ
        """
    )
)
_CHINESE = ("跳转", "跳至", "版权", "上一", "下一")
_MONTHS = frozenset(
    str.split("by mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec")
)
_WAYS = re.compile(
    r"\b(?:next|up|prev(?:ious)?|home|contents|index|top|back|main|bottom|chapter|section|page"
    r"|subsections?|go to|see also|table of|first|last|forward|parent|site ?map|copyright|login)\b",
    re.IGNORECASE,
)
_SEPARATORS = re.compile(r"[|•·»›/\n]|\]\s*\[")


def alphanumerics(text: str) -> int:
    """Letters and digits in a text."""
    return sum(map(str.isalnum, text))


def is_link_row(text: str, links: int, linked: int) -> bool:
    """Whether a block of running text is a row of links: "Next: .. Up: .. Previous: ..".

    Args:
        text: the block.
        links: how many links it holds, at least 1.
        linked: letters and digits in them.
    """
    if len(text) > linked + 12 * links + MAX_CHARS:
        return False
    lines = [line for line in text.split("\n") if not is_notice(line)]
    rest = alphanumerics("".join(lines)) - linked
    if rest > 60:
        return False
    ways = sum(len(match.group(0).replace(" ", "")) for match in _WAYS.finditer(text))
    if links >= 3:
        is_split = _SEPARATORS.search(text) is not None or (ways > 0 and ":" in text)
        return is_split and rest - ways <= 3 * links
    if links == 2 and rest <= 0:
        return _SEPARATORS.search(text) is not None and len(text) < 120
    # One or two places in a book, each with its label.
    return 0 < rest <= ways and linked + rest <= ways + 120 and ":" in text


def is_notice(text: str, *, is_heading: bool = False) -> bool:
    """Whether a block of running text is nothing but a template's own words.

    A heading of one word is never one: "Copy" and "Next" may name what a section is about.
    """
    if len(text) > MAX_CHARS:
        return False
    start = _FIRST.match(text)
    if start is None:
        return False
    first = start.group(1).lower()
    is_dated = not is_heading and first[:3] in _MONTHS and len(text) < 80
    if not is_dated and first not in _STARTS and not first.startswith(_CHINESE):
        return text[:1].isdigit() and not is_heading and _is_date(text)
    words = _MARKS.sub(" ", text).strip()
    if is_dated and _DATE.fullmatch(words):
        return True
    if first == "the":
        words = words[4:]
    if is_heading and " " not in words:
        return False
    return _WHOLE.fullmatch(words) is not None


def _is_date(text: str) -> bool:
    return len(text) < 60 and _DATE.fullmatch(_MARKS.sub(" ", text).strip()) is not None

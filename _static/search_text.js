// A formula is in a page twice: drawn, and as MathML. What the search shows of the page has it once.
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  const { htmlToText } = Search;
  const mathML = /<span class="katex-mathml">.*?<\/math><\/span>/gs;
  Search.htmlToText = (html, anchor) => htmlToText(html.replace(mathML, ""), anchor);
});

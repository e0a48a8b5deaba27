// Paper is white, and nothing on it can be opened. So print in light colours, with solutions and hints open; the code
// behind a figure stays away (lossbook.css).
let undo = [];

window.addEventListener("beforeprint", () => {
  const root = document.documentElement;
  const theme = root.dataset.theme;
  const closed = document.querySelectorAll("details:not([open])");
  root.dataset.theme = "light";
  closed.forEach((details) => { details.open = true; });
  undo.push(() => {
    root.dataset.theme = theme;
    closed.forEach((details) => { details.open = false; });
  });
});

window.addEventListener("afterprint", () => {
  undo.forEach((step) => step());
  undo = [];
});

// The page that leads to a machine's application: its form is sent at once, and the button is for those without script.
// Once only: somebody who comes back to this page from the application's is not thrown out again with a used ticket.
const form = document.getElementById("leaving");
const [entry] = performance.getEntriesByType("navigation");
if (entry?.type !== "back_forward") form.submit();
window.addEventListener("pageshow", (event) => {
  if (event.persisted) form.querySelector("button").disabled = true;
});

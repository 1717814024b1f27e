const button = document.getElementById("copy"), said = document.getElementById("copied");
if (navigator.clipboard) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(document.getElementById("code").textContent);
      button.textContent = "Copied";
      said.textContent = "The code was copied.";
    } catch {
      said.textContent = "It could not be copied: select it and copy it by hand.";
    }
  });
}

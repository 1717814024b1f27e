const { message, target } = document.getElementById("answer").dataset;
const app = window.parent === window ? window.opener : window.parent;
if (app) app.postMessage(JSON.parse(message), target);

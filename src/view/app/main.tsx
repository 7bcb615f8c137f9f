import { render } from "preact";
import { App } from "./app.js";
import "./styles/index.css";
import { showHidden } from "./text/visible.js";

showHidden();
const root = document.getElementById("root");
if (root !== null) render(<App />, root);

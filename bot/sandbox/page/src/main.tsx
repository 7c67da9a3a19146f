import "slack-blocks-to-jsx/dist/style.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/layout.css";
import "./styles/sidebar.css";
import "./styles/narrow.css";
import "./styles/messages.css";
import "./styles/composer.css";
import "./styles/kit.css";
import "./styles/library.css";
import "./styles/panel.css";
import "./styles/wires.css";
import "./styles/overlays.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { live, liveAddress } from "./live";
import { notes } from "./notes";
import { forgetReads } from "./reads";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no place for the page.");
live.connect(liveAddress(window.location), () => {
  notes.set([]);
  forgetReads();
});
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

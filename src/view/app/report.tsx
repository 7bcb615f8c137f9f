import { renderToString } from "preact-render-to-string";
import css from "./styles/index.css?inline";

export const renderReport = (): string => renderToString(<p>{css.length}</p>);

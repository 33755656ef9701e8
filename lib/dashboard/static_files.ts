import { pageStyle } from "../plot/page_style.ts";
import pageScript from "./page_script.js" with { type: "text" };
import ownStyle from "./page_style.css" with { type: "text" };

/** The pages' one style sheet: that of all pages of the project, and what a dashboard has besides. */
export const style: string = pageStyle + ownStyle;

/** The pages' one script. */
export const script: string = pageScript;

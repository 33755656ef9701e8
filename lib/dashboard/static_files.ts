import { pageStyle } from "../plot/page_style.ts";
import dashboardScript from "./dashboard.js" with { type: "text" };
import dashboardStyle from "./dashboard.css" with { type: "text" };

/** The pages' one style sheet: that of all pages of the project, and what a dashboard has besides. */
export const style: string = pageStyle + dashboardStyle;

/** The pages' one script. */
export const script: string = dashboardScript;

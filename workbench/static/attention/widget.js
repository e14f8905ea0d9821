// @ts-check
// The attention desk in a notebook, through anywidget.

import { render } from "./desk.js";


export default { render };

// The what-if page.
import "../app.js";
import "../what_if.js";

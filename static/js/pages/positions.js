// Positions: stop and target in place. The figures are table.js's.
import "../app.js";
import "../exits.js";

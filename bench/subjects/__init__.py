"""One module per subject: what is measured, beside which limit, and against which goal."""

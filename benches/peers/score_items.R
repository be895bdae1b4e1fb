# MHT-like and SCL-90-like keys scored by psych::scoreItems.
# Run: Rscript benches/peers/score_items.R [ROWS]        (needs the package psych)

if (!requireNamespace("psych", quietly = TRUE)) {
  cat("psych::scoreItems: skipped, the package psych is not installed\n")
  quit(status = 0)
}
arguments <- commandArgs(trailingOnly = TRUE)
rows <- if (length(arguments) > 0) as.integer(arguments[1]) else 20000L
set.seed(1)

timed <- function(name, keys, items, codes, missing) {
  answers <- matrix(sample(codes, rows * items, replace = TRUE), nrow = rows)
  answers[runif(length(answers)) < missing] <- NA
  answers <- as.data.frame(answers)
  names(answers) <- paste0("q", seq_len(items))
  keys <- lapply(keys, function(own) paste0("q", own))
  names(keys) <- paste0("s", seq_along(keys))
  seconds <- system.time(psych::scoreItems(keys, answers, totals = TRUE, missing = TRUE, impute = "none"))[["elapsed"]]
  cat(sprintf("%s: %.2f s for %d rows, %.1f us a row\n", name, seconds, rows, seconds / rows * 1e6))
}

mht <- list(1:15, 16:25, 26:35, 36:45, 46:55, 56:70, 71:80, c(seq(81, 99, 2)), c(1:81, seq(83, 99, 2)), seq(82, 100, 2))
timed("MHT, complete, 10 scales", mht, 100, 0:1, 0)
scl <- split(1:90, rep(1:10, length.out = 90))
timed("SCL-90, 5 % missing, 10 scales", scl, 90, 1:5, 0.05)

# farringtonFlexible over the series of a CSV (rows are weeks, columns series); alarms as CSV.
# Rscript farrington.R counts.csv alarms.csv tested alpha least
suppressPackageStartupMessages(library(surveillance))
argument <- commandArgs(trailingOnly = TRUE)
counts <- as.matrix(read.csv(argument[1], header = FALSE))
tested <- as.integer(argument[3])
weeks <- nrow(counts)
control <- list(
  range = (weeks - tested + 1):weeks, b = 3, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26,
  reweight = TRUE, weightsThreshold = 2.58, trend = TRUE, pThresholdTrend = 1,
  thresholdMethod = "nbPlugin", alpha = as.numeric(argument[4]),
  limit54 = c(as.integer(argument[5]), 4)
)
one <- function(y) {
  series <- sts(observed = y, start = c(2021, 1), frequency = 52)
  found <- suppressWarnings(farringtonFlexible(series, control))
  as.integer(alarms(found))
}
write.table(apply(counts, 2, one), argument[2], sep = ",", row.names = FALSE, col.names = FALSE)

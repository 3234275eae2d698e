// Opens a log by HdrHistogram's own reader and prints a line a histogram: tag, count, p50, p90, p99, p99.9, max, start, end (ms since 1970).
// node read_log.js NODE_MODULES LOG
const { readFileSync } = require("fs");
const { HistogramLogReader } = require(require.resolve("hdr-histogram-js", { paths: [process.argv[2]] }));

const reader = new HistogramLogReader(readFileSync(process.argv[3], "utf8"), 64);
for (let h; (h = reader.nextIntervalHistogram()); ) {
  const points = [50, 90, 99, 99.9].map((p) => h.getValueAtPercentile(p));
  console.log([h.tag, h.totalCount, ...points, h.maxValue, h.startTimeStampMsec, h.endTimeStampMsec].join("\t"));
}

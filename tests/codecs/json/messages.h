/* One message a kind, written by hand in the shape each venue sends. Names, ids and numbers are made up. */
#ifndef MR_TESTS_CODECS_JSON_MESSAGES_H
#define MR_TESTS_CODECS_JSON_MESSAGES_H

/* clang-format off */
static const struct { const char *kind, *text; } messages[] = {
    {"binance aggTrade", "{\"stream\":\"btcusdt@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":1700000000123,\"a\":4711,\"s\":\"BTCUSDT\",\"p\":\"60123.40\",\"q\":\"0.015\",\"f\":8001,\"l\":8003,\"T\":1700000000120,\"m\":true}}"},
    {"binance bookTicker", "{\"e\":\"bookTicker\",\"u\":7000000001,\"s\":\"ETHUSDT\",\"b\":\"3000.10\",\"B\":\"4.500\",\"a\":\"3000.20\",\"A\":\"7.125\",\"T\":1700000000200,\"E\":1700000000203}"},
    {"binance depthUpdate", "{\"e\":\"depthUpdate\",\"E\":1700000000300,\"T\":1700000000298,\"s\":\"BTCUSDT\",\"U\":500,\"u\":510,\"pu\":499,\"b\":[[\"60120.00\",\"1.250\"],[\"60119.90\",\"0\"]],\"a\":[[\"60121.10\",\"0.004\"]]}"},
    {"binance forceOrder", "{\"e\":\"forceOrder\",\"E\":1700000000400,\"o\":{\"s\":\"SOLUSDT\",\"S\":\"SELL\",\"o\":\"LIMIT\",\"f\":\"IOC\",\"q\":\"12\",\"p\":\"99.10\",\"ap\":\"99.35\",\"X\":\"FILLED\",\"l\":\"2\",\"z\":\"12\",\"T\":1700000000398}}"},
    {"binance markPriceUpdate", "{\"e\":\"markPriceUpdate\",\"E\":1700000000500,\"s\":\"BTCUSDT\",\"p\":\"60122.55000000\",\"i\":\"60125.10\",\"P\":\"60130.00\",\"r\":\"-0.00012500\",\"T\":1700006400000}"},
    {"binance kline", "{\"e\":\"kline\",\"E\":1700000000600,\"s\":\"BNBUSDT\",\"k\":{\"t\":1700000000000,\"T\":1700000059999,\"s\":\"BNBUSDT\",\"i\":\"1m\",\"f\":100,\"L\":200,\"o\":\"240.1\",\"c\":\"240.3\",\"h\":\"240.5\",\"l\":\"239.9\",\"v\":\"1000\",\"n\":100,\"x\":false,\"q\":\"240200.5\",\"V\":\"500\",\"Q\":\"120100\",\"B\":\"0\"}}"},
    {"binance ack", "{\"result\":null,\"id\":1}"},
    {"bybit publicTrade", "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1700000001000,\"data\":[{\"T\":1700000000999,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"0.001\",\"p\":\"60124.50\",\"L\":\"PlusTick\",\"i\":\"0a1b2c3d-0000-4000-8000-00000000abcd\",\"BT\":false}]}"},
    {"bybit orderbook delta", "{\"topic\":\"orderbook.50.ETHUSDT\",\"type\":\"delta\",\"ts\":1700000001100,\"data\":{\"s\":\"ETHUSDT\",\"b\":[[\"3000.05\",\"12.30\"],[\"2999.95\",\"0\"]],\"a\":[],\"u\":9001,\"seq\":800100200},\"cts\":1700000001098}"},
    {"bybit tickers", "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"symbol\":\"BTCUSDT\",\"tickDirection\":\"MinusTick\",\"markPrice\":\"60120.90\",\"openInterest\":\"51234.567\",\"fundingRate\":\"0.0001\"},\"cs\":77001,\"ts\":1700000001200}"},
    {"bybit allLiquidation", "{\"topic\":\"allLiquidation.XRPUSDT\",\"type\":\"snapshot\",\"ts\":1700000001300,\"data\":[{\"T\":1700000001290,\"s\":\"XRPUSDT\",\"S\":\"Sell\",\"v\":\"1500\",\"p\":\"0.6215\"}]}"},
    {"bybit pong", "{\"success\":true,\"ret_msg\":\"pong\",\"conn_id\":\"11111111-2222-3333\",\"req_id\":\"\",\"op\":\"ping\"}"},
    {"okx trades", "{\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"},\"data\":[{\"instId\":\"BTC-USDT-SWAP\",\"tradeId\":\"130639474\",\"px\":\"60123.1\",\"sz\":\"5\",\"side\":\"buy\",\"ts\":\"1700000002000\",\"count\":\"3\"}]}"},
    {"okx books update", "{\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USDT\"},\"action\":\"update\",\"data\":[{\"asks\":[[\"60125.1\",\"2\",\"0\",\"1\"]],\"bids\":[[\"60120.0\",\"0\",\"0\",\"0\"]],\"ts\":\"1700000002100\",\"checksum\":-855196043,\"seqId\":123457,\"prevSeqId\":123456}]}"},
    {"okx liquidation-orders", "{\"arg\":{\"channel\":\"liquidation-orders\",\"instType\":\"SWAP\"},\"data\":[{\"details\":[{\"bkLoss\":\"0\",\"bkPx\":\"0.09583\",\"ccy\":\"\",\"posSide\":\"short\",\"side\":\"buy\",\"sz\":\"199\",\"ts\":\"1700000002200\"}],\"instFamily\":\"CELO-USDT\",\"instId\":\"CELO-USDT-SWAP\"}]}"},
    {"okx error", "{\"event\":\"error\",\"code\":\"60012\",\"msg\":\"Invalid request: {\\\"op\\\": \\\"subscribe\\\"}\",\"connId\":\"a4d3ae55\"}"},
    {"hyperliquid l2Book", "{\"channel\":\"l2Book\",\"data\":{\"coin\":\"BTC\",\"time\":1700000003000,\"levels\":[[{\"px\":\"60120.0\",\"sz\":\"1.5\",\"n\":3}],[{\"px\":\"60121.0\",\"sz\":\"0.25\",\"n\":1}]]}}"},
    {"hyperliquid trades", "{\"channel\":\"trades\",\"data\":[{\"coin\":\"ETH\",\"side\":\"A\",\"px\":\"3000.1\",\"sz\":\"0.5\",\"time\":1700000003100,\"hash\":\"0x00ff\",\"tid\":12345678901,\"users\":[\"0xaa\",\"0xbb\"]}]}"},
    {"hyperliquid bbo", "{\"channel\":\"bbo\",\"data\":{\"coin\":\"SOL\",\"time\":1700000003200,\"bbo\":[{\"px\":\"99.5\",\"sz\":\"10\",\"n\":2},null]}}"},
    {"kucoin execution", "{\"topic\":\"/contractMarket/execution:XBTUSDTM\",\"type\":\"message\",\"subject\":\"match\",\"sn\":1700001,\"data\":{\"symbol\":\"XBTUSDTM\",\"sequence\":1700001,\"side\":\"sell\",\"size\":17,\"price\":\"60119.1\",\"tradeId\":\"1700001\",\"ts\":1700000004000000000}}"},
    {"kucoin level2", "{\"topic\":\"/contractMarket/level2:XBTUSDTM\",\"type\":\"message\",\"subject\":\"level2\",\"sn\":1700002,\"data\":{\"sequence\":1700002,\"change\":\"60124.7,sell,0\",\"timestamp\":1700000004100}}"},
    {"kucoin mark", "{\"topic\":\"/contract/instrument:XBTUSDTM\",\"subject\":\"mark.index.price\",\"data\":{\"markPrice\":60110.10,\"indexPrice\":60109.95,\"granularity\":1000,\"timestamp\":1700000004200}}"},
    {"polymarket price_change", "{\"market\":\"0xabc\", \"price_changes\":[{\"asset_id\":\"97692775490562554470\", \"price\":\"0.48\", \"size\":\"120.5\", \"side\":\"BUY\", \"hash\":\"6f1e\", \"best_bid\":\"0.48\", \"best_ask\":\"0.49\"}], \"timestamp\":\"1700000005000\", \"event_type\":\"price_change\"}"},
    {"polymarket book", "{\"market\": \"0xabc\", \"asset_id\": \"976927\", \"question\": \"Will caf\xc3\xa9 prices rise \xe2\x82\xac\xf0\x9f\x93\x88?\", \"bids\": [{\"price\": \"0.01\", \"size\": \"5\"}], \"asks\": [], \"event_type\": \"book\"}"},
    {"mexc push.deal", "{\"channel\":\"push.deal\",\"data\":[{\"M\":1,\"O\":3,\"T\":2,\"p\":60123.5,\"t\":1700000006000,\"v\":32}],\"symbol\":\"BTC_USDT\",\"ts\":1700000006001}"},
    {"mexc push.depth", "{\"channel\":\"push.depth\",\"data\":{\"asks\":[[60125,0,0],[60125.5,1.0e3,2]],\"bids\":[[60122.5,58272,1]],\"version\":4702740},\"symbol\":\"BTC_USDT\",\"ts\":1700000006100}"},
    {"order answer", "{\"code\":\"1\",\"data\":[{\"clOrdId\":\"mr-0001\",\"ordId\":\"\",\"sCode\":\"51008\",\"sMsg\":\"Order failed.\\u0020Insufficient \\u20AC balance\\n\",\"tag\":null}],\"inTime\":1.7e12,\"outTime\":-0,\"ok\":false}"},
    {"binance trade", "{\"e\":\"trade\",\"E\":1700000000710,\"s\":\"BTCUSDT\",\"t\":90210,\"p\":\"60123.41000000\",\"q\":\"0.00210000\",\"T\":1700000000709,\"m\":false,\"M\":true}"},
    {"binance error", "{\"error\":{\"code\":2,\"msg\":\"Invalid request: unknown variant \\\"SUBSCRIB\\\"\"},\"id\":7}"},
    {"bybit orderbook snapshot", "{\"topic\":\"orderbook.1.SOLUSDT\",\"type\":\"snapshot\",\"ts\":1700000001400,\"data\":{\"s\":\"SOLUSDT\",\"b\":[[\"99.12\",\"310.5\"]],\"a\":[[\"99.13\",\"12\"]],\"u\":1,\"seq\":80},\"cts\":1700000001399}"},
    {"bybit kline", "{\"topic\":\"kline.1.BTCUSDT\",\"data\":[{\"start\":1700000000000,\"end\":1700000059999,\"interval\":\"1\",\"open\":\"60100\",\"close\":\"60120.5\",\"high\":\"60130\",\"low\":\"60095.5\",\"volume\":\"12.5\",\"turnover\":\"751506.25\",\"confirm\":false,\"timestamp\":1700000001500}],\"ts\":1700000001500,\"type\":\"snapshot\"}"},
    {"okx tickers", "{\"arg\":{\"channel\":\"tickers\",\"instId\":\"ETH-USDT\"},\"data\":[{\"instType\":\"SPOT\",\"instId\":\"ETH-USDT\",\"last\":\"3000.01\",\"lastSz\":\"0.2\",\"askPx\":\"3000.02\",\"askSz\":\"5\",\"bidPx\":\"3000\",\"bidSz\":\"7.25\",\"open24h\":\"2950\",\"vol24h\":\"12345.678\",\"ts\":\"1700000002300\"}]}"},
    {"okx bbo-tbt", "{\"arg\":{\"channel\":\"bbo-tbt\",\"instId\":\"BTC-USDT-SWAP\"},\"data\":[{\"asks\":[[\"60125.1\",\"12\",\"0\",\"3\"]],\"bids\":[[\"60125\",\"7\",\"0\",\"2\"]],\"ts\":\"1700000002400\",\"seqId\":900100}]}"},
    {"hyperliquid activeAssetCtx", "{\"channel\":\"activeAssetCtx\",\"data\":{\"coin\":\"BTC\",\"ctx\":{\"funding\":\"0.0000125\",\"openInterest\":\"1234.5\",\"prevDayPx\":\"60000.0\",\"dayNtlVlm\":\"98765432.1\",\"premium\":null,\"oraclePx\":\"60111.0\",\"markPx\":\"60112.0\",\"midPx\":\"60111.5\",\"impactPxs\":[\"60111.0\",\"60112.0\"]}}}"},
    {"polymarket last_trade_price", "{\"asset_id\": \"976927\", \"event_type\": \"last_trade_price\", \"fee_rate_bps\": \"0\", \"market\": \"0xabc\", \"price\": \"0.999\", \"side\": \"BUY\", \"size\": \"341.89\", \"timestamp\": \"1700000005100\"}"},
    {"polymarket crypto_prices", "{\"connection_id\":\"c=\",\"payload\":{\"full_accuracy_value\":\"60123.4567891234\",\"symbol\":\"btcusdt\",\"timestamp\":1700000005200,\"value\":60123.45},\"timestamp\":1700000005201,\"topic\":\"crypto_prices\",\"type\":\"update\"}"},
};
/* clang-format on */

#endif

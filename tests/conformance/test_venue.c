/* The acceptance cases of venue.md but the faults, for the venue named by the first argument: each runs for each of its products, or
 * the table says why the venue has nothing of the kind. With a second argument, "tls", all goes over TLS, the same cases and the
 * same assertions. The page's ids are the table's, and no other. */
#include "tests/conformance/venue.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <unistd.h>

#define PAGE "tests/conformance/venue.md"

static const struct venue_subject subjects[] = {
    {"binance:usdm", MR_MARKET_BINANCE_USDM},     {"binance:spot", MR_MARKET_BINANCE_SPOT},
    {"bybit:linear", MR_MARKET_BYBIT_LINEAR},     {"okx:public", MR_MARKET_OKX},
    {"hyperliquid:perp", MR_MARKET_HYPERLIQUID},  {"mexc:futures", MR_MARKET_MEXC},
    {"kucoin:futures", MR_MARKET_KUCOIN_FUTURES}, {"kucoin:spot", MR_MARKET_KUCOIN_SPOT},
    {"polymarket:clob", MR_MARKET_POLYMARKET},
};

#define MEMORY(function) void venue_##function(const struct venue_subject *subject);
#define TLS(function)
#define V(number, where, function, what) where(function)
#include "tests/conformance/venue.def"
#undef V
#undef MEMORY
#undef TLS

static const struct row {
    uint32_t number;
    void (*run)(const struct venue_subject *subject); /* NULL: over TLS */
    const char *what;
} rows[] = {
#define MEMORY(function) venue_##function
#define TLS(function) NULL
#define V(number, where, function, what) {number, where(function), what},
#include "tests/conformance/venue.def"
#undef V
};

/* What a venue has nothing of, and why. */
static const struct {
    const char *venue;
    uint32_t number;
    const char *why;
} none[] = {
#define N(venue, number, why) {venue, number, why},
#include "tests/conformance/venue_none.def"
#undef N
};

static const char *venue;

/* What a case is over TLS: the same one, but where the dialogue is with a live exchange. */
static void (*over_tls(const struct row *row))(const struct venue_subject *)
{
    static const struct {
        uint32_t number;
        void (*run)(const struct venue_subject *subject);
    } dialogues[] = {{35, wire_subscribes_to_all},      {36, wire_refuses_what_is_not},     {37, wire_unsubscribes},
                     {38, wire_pings_as_wanted},        {39, wire_one_bad_symbol_is_named}, {40, wire_within_limits},
                     {41, wire_planned_close_is_heard}, {42, wire_life_of_a_connection},    {43, wire_tokens}};
    for (size_t i = 0; i < MR_COUNT_OF(dialogues); i++)
        if (dialogues[i].number == row->number)
            return dialogues[i].run;
    return row->run;
}

static bool tls;

static const char *why_not(const char *product, uint32_t number)
{
    for (size_t i = 0; i < MR_COUNT_OF(none); i++)
        if (none[i].number == number && strncmp(product, none[i].venue, strlen(none[i].venue)) == 0)
            return none[i].why;
    return NULL;
}

static bool of_venue(const struct venue_subject *s)
{
    size_t n = strlen(venue);
    return strncmp(s->product, venue, n) == 0 && s->product[n] == ':';
}

static void run_row(void **state)
{
    const struct row *row = *state;
    for (size_t i = 0; i < MR_COUNT_OF(subjects); i++) {
        if (!of_venue(&subjects[i]))
            continue;
        const char *why = why_not(subjects[i].product, row->number);
        printf("V-%02u %-18s %s%s\n", row->number, subjects[i].product, why ? "n/a: " : "", why ? why : row->what);
        fflush(stdout);
        if (!why)
            (tls ? over_tls(row) : row->run)(&subjects[i]);
    }
}

/* ---- the page ---- */

static void the_page_has_these_cases_and_no_other(void **state)
{
    (void)state;
    size_t len;
    char line[512];
    uint32_t listed = 0;
    char *text = (char *)mr_test_read("tests/conformance", "venue.md", &len);
    assert_non_null(text);
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        snprintf(line, sizeof line, "| V-%02u | %s |", rows[i].number, rows[i].what);
        if (!strstr(text, line))
            fail_msg(PAGE " lacks the line: %s", line);
        assert_int_equal(rows[i].number, i + 1);
    }
    for (const char *at = text; (at = strstr(at, "\n| V-")); at++)
        listed++;
    for (size_t i = 0; i < MR_COUNT_OF(none); i++) {
        snprintf(line, sizeof line, "| n/a V-%02u | %s | %s |", none[i].number, none[i].venue, none[i].why);
        if (!strstr(text, line))
            fail_msg(PAGE " lacks the line: %s", line);
    }
    for (const char *at = text; (at = strstr(at, "\n| n/a V-")); at++)
        listed++;
    assert_int_equal(listed, MR_COUNT_OF(rows) + MR_COUNT_OF(none));
    free(text);
}

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-venue-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    stand_over_tls(folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    return mr_test_remove(folder);
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[MR_COUNT_OF(rows) + 1];
    static char names[MR_COUNT_OF(rows)][16];
    size_t count = 0;
    venue = argc > 1 ? argv[1] : "binance";
    tls = argc > 2 && strcmp(argv[2], "tls") == 0;
    const char *only = getenv("MILLRACE_VENUE_CASE");
    if (!mr_venue_by_name(venue))
        return 2;
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_page_has_these_cases_and_no_other);
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        snprintf(names[i], sizeof names[i], "V-%02u", rows[i].number);
        if (rows[i].run && (!only || strcmp(only, names[i]) == 0))
            tests[count++] = (struct CMUnitTest){names[i], run_row, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    }
    return _cmocka_run_group_tests(venue, tests, count, tls ? make_folder : NULL, tls ? drop_folder : NULL) ? 1 : 0;
}

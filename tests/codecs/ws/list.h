/* The cases as a page for readers. */
#ifndef MR_TESTS_WS_LIST_H
#define MR_TESTS_WS_LIST_H

#include <stdio.h>

#include "tests/codecs/ws/cases.h"

void ws_list_write(FILE *f);

#endif

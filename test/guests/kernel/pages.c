// Physical pages. Free pages are linked in a list through their first words; the pages from `untouched` on were never
// allocated. Each page has a reference count, so that processes can share it until one of them writes to it.
#include "kernel.h"

extern char __end[];

static struct free_page {
  struct free_page *next;
} *free_pages;

static uint64_t untouched;
static uint8_t references[(MEMORY_END - RAM) / PAGE_BYTES];

static uint8_t *references_of(void *page) { return &references[((uint64_t)page - RAM) / PAGE_BYTES]; }

void pages_start(void) {
  untouched = PAGE_UP((uint64_t)__end);
  print("pages: %lu KiB free\n", (MEMORY_END - untouched) / 1024);
}

void *page_take(void) {
  void *page = free_pages;
  if (page != NULL) {
    free_pages = free_pages->next;
  } else if (untouched < MEMORY_END) {
    page = (void *)untouched;
    untouched += PAGE_BYTES;
  } else {
    return NULL;
  }
  *references_of(page) = 1;
  memset(page, 0, PAGE_BYTES);
  return page;
}

void page_share(void *page) { (*references_of(page))++; }

int page_references(void *page) { return *references_of(page); }

void page_release(void *page) {
  if (--*references_of(page) == 0) {
    struct free_page *free = page;
    free->next = free_pages;
    free_pages = free;
  }
}

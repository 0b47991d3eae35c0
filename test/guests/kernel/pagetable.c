// Sv39 page tables: three levels of 512 entries; a leaf in the middle level is a 2 MiB superpage.
//
// The kernel's table maps devices and memory at their physical addresses. The kernel's code is mapped in small pages
// without write permission; everything else is mapped in superpages where they fit.
#include "kernel.h"

#define ENTRIES 512
#define SUPERPAGE_BYTES (PAGE_BYTES * ENTRIES)

extern char __code_end[];

static pagetable_t kernel_table;

static uint64_t index_at(int level, uint64_t address) { return address >> (12 + 9 * level) & (ENTRIES - 1); }
static uint64_t physical_of(pte_t entry) { return entry >> 10 << 12; }
static pte_t entry_for(uint64_t physical, uint64_t flags) { return physical >> 12 << 10 | flags | PTE_V; }
static bool is_leaf(pte_t entry) { return entry & (PTE_R | PTE_W | PTE_X); }

// Returns the entry for an address at a level. Creates missing tables on the way to it. NULL: memory is full.
static pte_t *entry_at(pagetable_t table, uint64_t address, int level) {
  for (int at = 2; at > level; at--) {
    pte_t *entry = &table[index_at(at, address)];
    if (!(*entry & PTE_V)) {
      void *page = page_take();
      if (page == NULL) {
        return NULL;
      }
      *entry = entry_for((uint64_t)page, 0);
    }
    table = (pagetable_t)physical_of(*entry);
  }
  return &table[index_at(level, address)];
}

pte_t *pagetable_find(pagetable_t table, uint64_t address) {
  for (int level = 2; level >= 0; level--) {
    pte_t *entry = &table[index_at(level, address)];
    if (!(*entry & PTE_V)) {
      return NULL;
    }
    if (is_leaf(*entry)) {
      return entry;
    }
    table = (pagetable_t)physical_of(*entry);
  }
  return NULL;
}

bool pagetable_map(pagetable_t table, uint64_t address, uint64_t physical, uint64_t bytes, uint64_t flags) {
  uint64_t end = address + bytes;
  while (address < end) {
    bool super = ((address | physical) % SUPERPAGE_BYTES) == 0 && end - address >= SUPERPAGE_BYTES;
    pte_t *entry = entry_at(table, address, super ? 1 : 0);
    if (entry == NULL) {
      return false;
    }
    *entry = entry_for(physical, flags);
    address += super ? SUPERPAGE_BYTES : PAGE_BYTES;
    physical += super ? SUPERPAGE_BYTES : PAGE_BYTES;
  }
  return true;
}

uint64_t pagetable_satp(pagetable_t table) { return 8UL << 60 | (uint64_t)table >> 12; }

static void map_kernel(uint64_t address, uint64_t bytes, uint64_t flags) {
  if (!pagetable_map(kernel_table, address, address, bytes, flags | PTE_A | PTE_D)) {
    panic("no memory for the kernel's page table");
  }
}

void pagetable_start(void) {
  uint64_t code_end = (uint64_t)__code_end;

  kernel_table = page_take();
  map_kernel(FINISHER, PAGE_BYTES, PTE_R | PTE_W);
  map_kernel(PLIC, 0x400000, PTE_R | PTE_W);
  map_kernel(UART, PAGE_BYTES, PTE_R | PTE_W);
  map_kernel(VIRTIO_SLOT(0), PAGE_BYTES, PTE_R | PTE_W);
  map_kernel(RAM, code_end - RAM, PTE_R | PTE_X);
  map_kernel(code_end, MEMORY_END - code_end, PTE_R | PTE_W);
  pagetable_map(kernel_table, TRAMPOLINE, (uint64_t)trampoline_start, PAGE_BYTES, PTE_R | PTE_X | PTE_A);

  csr_write(satp, pagetable_satp(kernel_table));
  asm volatile("sfence.vma" : : : "memory");
}

pagetable_t pagetable_create(void *user_frame) {
  pagetable_t table = page_take();
  if (table == NULL) {
    return NULL;
  }
  uint64_t frame = (uint64_t)user_frame;
  if (!pagetable_map(table, TRAMPOLINE, (uint64_t)trampoline_start, PAGE_BYTES, PTE_R | PTE_X | PTE_A) ||
      !pagetable_map(table, USER_FRAME, frame, PAGE_BYTES, PTE_R | PTE_W | PTE_A | PTE_D)) {
    pagetable_destroy(table);
    return NULL;
  }
  return table;
}

// Releases the tables and the user pages to which their leaves point.
static void destroy_level(pagetable_t table) {
  for (int i = 0; i < ENTRIES; i++) {
    pte_t entry = table[i];
    if (!(entry & PTE_V)) {
      continue;
    }
    if (!is_leaf(entry)) {
      destroy_level((pagetable_t)physical_of(entry));
    } else if (entry & PTE_U) {
      page_release((void *)physical_of(entry));
    }
  }
  page_release(table);
}

void pagetable_destroy(pagetable_t table) { destroy_level(table); }

// Removes write permission in both processes. The process that writes first gets a copy of the page (trap.c).
static bool share_page(pte_t *entry, pagetable_t to, uint64_t address) {
  if (*entry & PTE_W) {
    *entry = (*entry & ~PTE_W) | PTE_COPY_ON_WRITE;
  }
  pte_t *copy = entry_at(to, address, 0);
  if (copy == NULL) {
    return false;
  }
  *copy = *entry;
  page_share((void *)physical_of(*entry));
  return true;
}

static bool copy_level(pagetable_t table, int level, uint64_t base, pagetable_t to) {
  for (uint64_t i = 0; i < ENTRIES; i++) {
    uint64_t address = base + (i << (12 + 9 * level));
    if (!(table[i] & PTE_V)) {
      continue;
    }
    if (!is_leaf(table[i])) {
      if (!copy_level((pagetable_t)physical_of(table[i]), level - 1, address, to)) {
        return false;
      }
    } else if ((table[i] & PTE_U) && !share_page(&table[i], to, address)) {
      return false;
    }
  }
  return true;
}

bool pagetable_copy(pagetable_t from, pagetable_t to) { return copy_level(from, 2, 0, to); }

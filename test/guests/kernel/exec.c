// Runs programs, which are ELF files in the kernel's image (programs.S). exec builds a new address space and replaces
// the old one only when it is complete. The stack and uninitialized variables are allocated later, on page faults.
#include "kernel.h"

struct elf_header {
  uint8_t identification[16];
  uint16_t type, machine;
  uint32_t version;
  uint64_t entry, program_headers, section_headers;
  uint32_t flags;
  uint16_t header_bytes, program_header_bytes, program_header_count;
};

struct program_header {
  uint32_t type, flags;
  uint64_t offset, address, physical, file_bytes, memory_bytes, align;
};

enum { SEGMENT_LOAD = 1, SEGMENT_EXECUTE = 1, SEGMENT_WRITE = 2 };

// programs.S
struct program {
  const char *name;
  const uint8_t *elf;
};
extern const struct program programs[];

static const uint8_t *find_program(const char *name) {
  for (int i = 0; programs[i].name != NULL; i++) {
    if (strcmp(programs[i].name, name) == 0) {
      return programs[i].elf;
    }
  }
  return NULL;
}

// Copies the part of a segment that is in the file. Further pages, which contain only zeroes, are left to page faults.
static bool load_segment(pagetable_t table, const uint8_t *elf, const struct program_header *segment) {
  uint64_t flags = PTE_R | PTE_U | PTE_A;
  if (segment->flags & SEGMENT_WRITE) {
    flags |= PTE_W | PTE_D;
  }
  if (segment->flags & SEGMENT_EXECUTE) {
    flags |= PTE_X;
  }
  for (uint64_t at = 0; at < segment->file_bytes; at += PAGE_BYTES) {
    uint64_t part = segment->file_bytes - at < PAGE_BYTES ? segment->file_bytes - at : PAGE_BYTES;
    void *page = page_take();
    if (page == NULL || !pagetable_map(table, segment->address + at, (uint64_t)page, PAGE_BYTES, flags)) {
      return false;
    }
    memcpy(page, elf + segment->offset + at, part);
  }
  return true;
}

static bool load_program(pagetable_t table, const uint8_t *elf, uint64_t *heap_end) {
  const struct elf_header *header = (const void *)elf;
  *heap_end = 0;
  for (int i = 0; i < header->program_header_count; i++) {
    const struct program_header *segment = (const void *)(elf + header->program_headers + i * sizeof *segment);
    if (segment->type != SEGMENT_LOAD) {
      continue;
    }
    if (!load_segment(table, elf, segment)) {
      return false;
    }
    *heap_end = segment->address + segment->memory_bytes;
  }
  asm volatile("fence.i" : : : "memory");  // new code has been written
  return true;
}

// Puts the command line at the top of the stack. The program finds its address in a0.
static bool push_command_line(pagetable_t table, const char *command_line, struct user_frame *frame) {
  uint8_t *page = page_take();
  uint64_t flags = PTE_R | PTE_W | PTE_U | PTE_A | PTE_D;
  if (page == NULL || !pagetable_map(table, USER_STACK_TOP - PAGE_BYTES, (uint64_t)page, PAGE_BYTES, flags)) {
    return false;
  }
  uint64_t bytes = (strlen(command_line) + 1 + 15) & ~15UL;
  memcpy(page + PAGE_BYTES - bytes, command_line, strlen(command_line));
  frame->x[2] = frame->x[10] = USER_STACK_TOP - bytes;
  return true;
}

bool process_exec(struct process *process, const char *name, const char *command_line) {
  const uint8_t *elf = find_program(name);
  pagetable_t table = elf ? pagetable_create(process->frame) : NULL;
  struct user_frame registers = {0};
  uint64_t heap_end;

  if (table == NULL) {
    return false;
  }
  if (!load_program(table, elf, &heap_end) || !push_command_line(table, command_line, &registers)) {
    pagetable_destroy(table);
    return false;
  }
  registers.epc = ((const struct elf_header *)elf)->entry;
  *process->frame = registers;
  pagetable_destroy(process->pagetable);
  process->pagetable = table;
  process->heap_end = heap_end;
  memset(process->name, 0, NAME_BYTES);
  for (int i = 0; name[i] && i < NAME_BYTES - 1; i++) {
    process->name[i] = name[i];
  }
  return true;
}

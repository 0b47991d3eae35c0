// Executes a script of accesses to the board's devices and records the results, including access faults. The test
// writes the script to RAM and reads the results from RAM. Hart 0 does everything; hart 1 only reads its mip.
#include <stdint.h>

// The test defines the same values in test/engine/machine/devices/board/operation.ts.
#define SCRIPT 0x80100000UL
#define ANSWERS 0x80600000UL

enum { END, READ, WRITE, WAIT, LINES, OTHER_LINES, SUM, SETTLE };

struct operation {
  uint8_t kind;
  uint8_t bytes;
  uint16_t count;
  uint32_t address;
  uint64_t value;
};

struct answer {
  uint64_t value;
  uint64_t cause;  // the cause of the trap that the access raised, or 0
};

#define CLINT 0x2000000UL
#define MTIMECMP (CLINT + 0x4000)
#define MTIME (CLINT + 0xbff8)
#define FINISHER 0x100000UL
#define MSIP_BIT (1 << 3)
#define MTIP_BIT (1 << 7)
#define LINES_MASK 0xa88  // MSIP, MTIP, SEIP, MEIP

#define REGISTER32(address) (*(volatile uint32_t *)(address))
#define REGISTER64(address) (*(volatile uint64_t *)(address))
#define read_csr(name) ({ uint64_t csr_; asm volatile("csrr %0, " #name : "=r"(csr_)::"memory"); csr_; })
#define write_csr(name, value) asm volatile("csrw " #name ", %0" ::"r"((uint64_t)(value)) : "memory")

static volatile uint64_t cause;
static volatile uint64_t other_mip;

// Skips an access that faults. Every access instruction is 4 bytes long.
__attribute__((naked, aligned(4))) void trap(void)
{
  asm volatile("csrw mscratch, t0\n"
               "csrr t0, mepc\n"
               "addi t0, t0, 4\n"
               "csrw mepc, t0\n"
               "csrr t0, mcause\n"
               "sd t0, %0, t6\n"
               "csrr t0, mscratch\n"
               "mret" ::"i"(&cause));
}

#define LOAD(name) asm volatile(".option push\n.option norvc\n" name " %0, 0(%1)\n.option pop" : "+r"(value) : "r"(at) : "memory", "t6")
#define STORE(name) asm volatile(".option push\n.option norvc\n" name " %0, 0(%1)\n.option pop" ::"r"(value), "r"(at) : "memory", "t6")

static uint64_t load(uint64_t at, int bytes)
{
  uint64_t value = 0;
  if (bytes == 1) LOAD("lbu");
  else if (bytes == 2) LOAD("lhu");
  else if (bytes == 4) LOAD("lwu");
  else LOAD("ld");
  return value;
}

static void store(uint64_t at, int bytes, uint64_t value)
{
  if (bytes == 1) STORE("sb");
  else if (bytes == 2) STORE("sh");
  else if (bytes == 4) STORE("sw");
  else STORE("sd");
}

// Waits using hart 0's timer, and then sets the timer to the latest possible time.
static void wait(uint64_t ticks)
{
  uint64_t end = REGISTER64(MTIME) + ticks;
  REGISTER64(MTIMECMP) = end;
  write_csr(mie, MTIP_BIT);
  while (REGISTER64(MTIME) < end) asm volatile("wfi");
  write_csr(mie, 0);
  REGISTER64(MTIMECMP) = ~0UL;
}

// Wakes hart 1 with a software interrupt. Hart 1 wakes hart 0 the same way, and then neither interrupt is pending.
static uint64_t lines_of_other(void)
{
  REGISTER32(CLINT) = 0;
  REGISTER32(CLINT + 4) = 1;
  write_csr(mie, MSIP_BIT);
  while (!(read_csr(mip) & MSIP_BIT)) asm volatile("wfi");
  write_csr(mie, 0);
  REGISTER32(CLINT) = 0;
  return other_mip & LINES_MASK & ~MSIP_BIT;
}

static uint64_t sum(uint64_t at, uint64_t length)
{
  uint64_t hash = 0xcbf29ce484222325;
  for (uint64_t i = 0; i < length; i++) hash = (hash ^ *(volatile uint8_t *)(at + i)) * 0x100000001b3;
  return hash;
}

// Waits, up to a limit, until an address has the given value, since a disk request takes time.
static uint64_t settle(uint64_t at, uint16_t value)
{
  for (int i = 0; i < 20000000 && *(volatile uint16_t *)at != value; i++);
  return *(volatile uint16_t *)at;
}

static uint64_t perform(const struct operation *operation)
{
  switch (operation->kind) {
    case READ: return load(operation->address, operation->bytes);
    case WRITE: store(operation->address, operation->bytes, operation->value); return 0;
    case WAIT: wait(operation->value); return 0;
    case LINES: return read_csr(mip) & LINES_MASK;
    case OTHER_LINES: return lines_of_other();
    case SUM: return sum(operation->address, operation->value);
    default: return settle(operation->address, operation->value);
  }
}

void first(void)
{
  const struct operation *operation = (const struct operation *)SCRIPT;
  struct answer *answer = (struct answer *)ANSWERS;
  write_csr(mtvec, trap);
  for (; operation->kind != END; operation++, answer++) {
    cause = 0;
    uint64_t value = perform(operation);
    answer->value = cause ? 0 : value;
    answer->cause = cause;
  }
  REGISTER32(FINISHER) = 0x5555;
}

void other(void)
{
  write_csr(mie, MSIP_BIT);
  for (;;) {
    while (!(read_csr(mip) & MSIP_BIT)) asm volatile("wfi");
    REGISTER32(CLINT + 4) = 0;
    other_mip = read_csr(mip);
    REGISTER32(CLINT) = 1;
  }
}

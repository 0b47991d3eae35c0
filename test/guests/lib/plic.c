// The platform-level interrupt controller. Each context (a hart in one mode) has enable bits, a threshold and a register
// that is read to claim the highest-priority interrupt and written to complete it.
#include "lib.h"

static uint64_t priority_of(int irq) { return PLIC + 4 * irq; }
static uint64_t enable_of(int context, int irq) { return PLIC + 0x2000 + 0x80 * context + 4 * (irq / 32); }
static uint64_t threshold_of(int context) { return PLIC + 0x200000 + 0x1000 * context; }
static uint64_t claim_of(int context) { return threshold_of(context) + 4; }

void plic_enable(int context, int irq) {
  write32(priority_of(irq), 1);
  write32(enable_of(context, irq), read32(enable_of(context, irq)) | 1u << (irq % 32));
  write32(threshold_of(context), 0);
}

int plic_claim(int context) { return read32(claim_of(context)); }

void plic_complete(int context, int irq) { write32(claim_of(context), irq); }

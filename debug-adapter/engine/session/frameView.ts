import type { Inspector } from '../target/inspector.ts';
import type { FrameView } from '../symbols/index.ts';

const CSR_BASE = 4096;
const CSR_COUNT = 4096;

/**
 * Gives the unwinder and expressions access to the machine's registers and memory. DWARF register numbers 0-31 are the
 * integer registers, 32-63 are the floating-point registers, and 4096 + n is CSR n.
 */
export function frameViewOf(inspector: Inspector): FrameView {
  return {
    pc: inspector.pc,
    readRegister: (number) => {
      if (number < 32) return inspector.register(number);
      if (number < 64) return inspector.float(number - 32);
      return number >= CSR_BASE && number < CSR_BASE + CSR_COUNT ? inspector.csr(number - CSR_BASE) : undefined;
    },
    readMemory: (address, lengthBytes) => {
      const bytes = inspector.readMemory(address, lengthBytes);
      return bytes.length === lengthBytes ? bytes : undefined;
    },
    registerNamed: (name) => {
      const csr = inspector.csrs.find((known) => known.name === name);
      return csr && inspector.csr(csr.number);
    },
  };
}

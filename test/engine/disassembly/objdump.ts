import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runTool } from '../../support/tools.ts';

/** One line of objdump output: address, instruction bits, and text with white space reduced to single spaces. */
export interface ListedInstruction {
  address: bigint;
  bits: number;
  lengthBytes: 2 | 4;
  text: string;
}

/**
 * The extensions in blkreplay's instruction table. With this list, objdump decodes only instructions from these
 * extensions.
 */
const ARCHITECTURE = 'rv64gc_zfh_zba_zbb_zbc_zbs_zicbom_zicbop_zicboz_zicsr_zifencei_zihintpause_zawrs_svinval';
/** The only extension in the table that binutils did not support before version 2.41. */
const ARCHITECTURE_LATER = 'zicond';

/** Whether the installed objdump can decode every instruction in blkreplay's table. */
export function supportsAllInstructions(): boolean {
  const [, major, minor] = /\) (\d+)\.(\d+)/.exec(runTool(OBJDUMP, ['--version'])) ?? [];
  return 1000 * Number(major) + Number(minor) >= 2041;
}

/** The objdump disassembly of the code in an ELF file. */
export const listElf = (file: string): ListedInstruction[] => parse(runTool(OBJDUMP, ['-d', '-z', file]));

/** The objdump disassembly of bytes as code at address 0. */
export function listBytes(bytes: Uint8Array): ListedInstruction[] {
  const architecture = supportsAllInstructions() ? `${ARCHITECTURE}_${ARCHITECTURE_LATER}` : ARCHITECTURE;
  const folder = mkdtempSync(path.join(tmpdir(), 'disassembly-'));
  try {
    const [code, source, object, bare] = ['code', 'source.s', 'object', 'bare'].map((name) => path.join(folder, name));
    writeFileSync(code, bytes);
    writeFileSync(source, `.attribute arch, "${architecture}"\n.text\n.incbin "${code}"\n`);
    runTool('riscv64-unknown-elf-as', [source, '-o', object]);
    // The symbols mark these bytes as data. Without symbols, objdump disassembles them.
    runTool('riscv64-unknown-elf-objcopy', ['--strip-all', object, bare]);
    return parse(runTool(OBJDUMP, ['-d', '-z', bare]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const OBJDUMP = 'riscv64-unknown-elf-objdump';

/**
 * Parses lines such as `80000000:\t00008297 \tauipc\tt0,0x8`. The text after a `#` is dropped, because objdump infers
 * it from the preceding instruction.
 */
function parse(listing: string): ListedInstruction[] {
  return listing.split('\n').flatMap((line) => {
    const [, address, bits, text] = /^\s*([0-9a-f]+):\t([0-9a-f]{4}|[0-9a-f]{8}) +\t(.*)$/.exec(line) ?? [];
    if (address === undefined) return [];
    const lengthBytes = bits.length === 4 ? 2 : 4;
    const plain = text
      .replace(/\s+# .*$/, '')
      .replace(/\s+/g, ' ')
      // Rewrites unknown instructions, which some versions show as `.insn`, in the style of the other versions.
      .replace(/^\.insn ([24]), 0x0*(?=.)/, '.$1byte 0x')
      .trim();
    return [{ address: BigInt(`0x${address}`), bits: parseInt(bits, 16), lengthBytes, text: plain }];
  });
}

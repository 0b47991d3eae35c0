import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readKallsyms } from '../../debug-adapter/engine/symbols/kallsyms/kallsyms.ts';

/** Debian's Linux and busybox (see test/cli/linux.long.test.ts) as a guest for debugger tests. It boots to a shell. */
export const LINUX_FOLDER = process.env.BLKREPLAY_LINUX_GUEST;
export const PROMPT = 'GUEST# ';

export const linuxFile = (name: 'Image' | 'initramfs.cpio.gz'): string => path.join(LINUX_FOLDER!, name);

/** A launch configuration that records the guest. It has a disk only because the recording needs an overlay. */
export function linuxLaunch(cwd: string, more: object = {}): object {
  writeFileSync(path.join(cwd, 'disk.img'), new Uint8Array(1 << 20));
  return {
    ...{ rr: 'record', rrfile: 'a.rr', cwd, idle: 'realtime', console: 'terminal', memory: '256M' },
    ...{ kernel: linuxFile('Image'), initrd: linuxFile('initramfs.cpio.gz'), append: 'console=ttyS0 shell=1' },
    drives: [{ id: 'hd0', image: 'disk.img', format: 'raw', overlay: 'hd0.qcow2' }],
    ...more,
  };
}

/**
 * Maps the names in the kernel's own symbol table to addresses. If several symbols have the same name, the first
 * address is used.
 */
export function linuxSymbols(): Map<string, bigint> {
  const symbols = readKallsyms(readFileSync(linuxFile('Image')))!;
  return new Map(symbols.reverse().map(({ name, address }) => [name, address]));
}

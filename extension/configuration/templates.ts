import type { PlatformPath } from 'node:path';
import { kernelSetting } from '../../debug-adapter/dap/launchConfiguration.ts';
import { inWorkspace } from './paths.ts';
import { configurationNames } from '../../debug-adapter/messages/extension.ts';

/** The kernels and disk images found in a workspace folder. */
export interface FoundPrograms {
  /** Absolute paths, with the most likely kernel first. */
  kernels: readonly string[];
  disks: readonly string[];
}

export interface Configuration {
  type: 'blkreplay';
  request: 'launch';
  name: string;
  [setting: string]: unknown;
}

/**
 * Two launch configurations, one to record and one to replay, which differ in one word. `folder` is the workspace
 * folder. Without a kernel, the templates contain a placeholder.
 */
export function recordAndReplay(path: PlatformPath, folder: string, found: FoundPrograms): Configuration[] {
  const kernel = found.kernels[0] ? inWorkspace(path, folder, found.kernels[0]) : '${workspaceFolder}/kernel.elf';
  return [
    configuration(path, folder, { rr: 'record', kernel, disks: found.disks }),
    configuration(path, folder, { rr: 'replay', kernel, disks: found.disks }),
  ];
}

/** Configurations for the editor's list of debuggers. With them, each kernel can be recorded without a launch.json. */
export function recordEach(path: PlatformPath, folder: string, found: FoundPrograms): Configuration[] {
  return found.kernels.map((file) =>
    configuration(path, folder, { rr: 'record', kernel: inWorkspace(path, folder, file), disks: found.disks }),
  );
}

/**
 * Whether a file is a bootable ELF file: RISC-V, 64-bit, little-endian, executable (ELF specification, e_ident, e_type,
 * e_machine).
 */
export function isBootableElf(head: Uint8Array): boolean {
  const isElf64 = head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46 && head[4] === 2;
  const isExecutable = head[16] === 2 || head[16] === 3;
  return head.length >= 20 && isElf64 && head[5] === 1 && isExecutable && head[18] === 0xf3 && head[19] === 0;
}
export const ELF_HEAD_BYTES = 20;

/** Sorts files: those that are named like a kernel come first, then those with fewer folders in their path. */
export function sortByLikelihood(path: PlatformPath, files: readonly string[]): string[] {
  const rank = (file: string) =>
    (/kernel|vmlinux|firmware|boot/i.test(path.basename(file)) ? 0 : 100) + file.split(/[\\/]/).length;
  return [...files].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

const DISKS_MAX = 1;

function configuration(
  path: PlatformPath,
  folder: string,
  { rr, kernel, disks }: { rr: 'record' | 'replay'; kernel: string; disks: readonly string[] },
): Configuration {
  const name = path.parse(kernel).name;
  const drives = disks.slice(0, DISKS_MAX).map((image, i) => ({
    id: `hd${i}`,
    image: inWorkspace(path, folder, image),
    format: image.endsWith('.qcow2') ? 'qcow2' : 'raw',
    overlay: `\${workspaceFolder}/.blkreplay/${name}-hd${i}.qcow2`,
  }));
  return {
    ...{ type: 'blkreplay', request: 'launch', name: configurationNames[rr](name) },
    ...{ rr, rrfile: `\${workspaceFolder}/.blkreplay/${name}.rr`, kernel: kernelSetting(kernel) },
    ...(drives.length > 0 ? { drives } : {}),
  };
}

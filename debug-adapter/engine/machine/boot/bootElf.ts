import type { Machine } from '../machine.ts';
import { type BootFiles, planBoot } from './bootPlan.ts';

/** Plans how to boot these files and powers the machine on. Throws a UserError if they cannot be booted. */
export function bootElf(machine: Machine, files: BootFiles): void {
  machine.powerOn(planBoot(files, machine.ram.lengthBytes, machine.harts.count));
}

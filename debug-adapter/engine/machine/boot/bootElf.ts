import type { Machine } from '../machine.ts';
import { type BootFiles, planBoot } from './bootPlan.ts';

/** Switches a machine on with these files. */
export function bootElf(machine: Machine, files: BootFiles): void {
  machine.powerOn(planBoot(files, machine.ram.lengthBytes, machine.harts.count));
}

import { readFileSync } from 'node:fs';
import { codeOf } from './systemErrors.ts';

/** What the system says about other processes of this host. */

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Without permission to signal it, it is still there.
    if (codeOf(error) !== 'EPERM') return false;
  }
  // A zombie has let go of everything, but stays for as long as nobody asks for its status: in a container without an
  // init process, for ever.
  const state = statFields(pid)?.[0];
  return state !== 'Z' && state !== 'X';
}

/**
 * A text that no other process of this host ever has, or null where the system does not tell (only Linux does here):
 * the boot's id and the start time in ticks since boot. Process numbers alone come back, after a reboot above all.
 */
export function identityOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const startTicks = statFields(pid)?.[19];
    return startTicks ? `${boot}/${startTicks}` : null;
  } catch {
    return null;
  }
}

/** The fields of `/proc/PID/stat` from the third (the state) on; undefined where there is no such file. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): field 2 is the command in parentheses, which may hold anything; the start time is field 22.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

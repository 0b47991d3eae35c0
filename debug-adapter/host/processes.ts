import { readFileSync } from 'node:fs';
import { codeOf } from './systemErrors.ts';

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // The process exists, but this process is not permitted to send it a signal.
    if (codeOf(error) !== 'EPERM') return false;
  }
  // A zombie has released its resources but continues to exist until its parent reaps it, which may never happen in a
  // container without an init process.
  const state = statFields(pid)?.[0];
  return state !== 'Z' && state !== 'X';
}

/**
 * The boot id and the process's start time in ticks since boot. Together with the process id, they identify the
 * process; the id alone does not, because ids are reused, especially after a reboot. Null if the system does not
 * provide this information (only Linux does).
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

/** The fields of `/proc/PID/stat`, starting with the third one (the state); undefined if the file does not exist. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): field 2 is the command in parentheses, which can contain any character; the start time is field 22.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

import fs from 'node:fs';
import { after } from 'node:test';
import { type DriveSpec, type Session, Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';

/** A folder with guests and a disk. It is created once; each test works on a copy. */
const MIB = 1 << 20;
export const DRIVE: DriveSpec = { image: 'disk.img', overlay: 'hd0.qcow2' };
export const DEMO: Session = { kernel: 'demo.elf', drives: [DRIVE] };
export const TIMER: Session = { kernel: 'timer.elf' };

export const withDrive = (drive: Partial<DriveSpec>): Session => ({ ...DEMO, drives: [{ ...DRIVE, ...drive }] });

export const fresh = new Sandbox({ after });
fresh.write('demo.elf', fs.readFileSync(guest('demo/demo')));
fresh.write('timer.elf', fs.readFileSync(guest('small/timer')));
fresh.write('demo.c', 'int main(void);\n');
fresh.disk('disk.img', 4 * MIB);
fresh.write('folder/in-it', 'precious');

import { badInput, type UserError } from './userError.ts';

/** What the gdb server tells besides the session's own errors. */

export const portInUse = (port: number): UserError =>
  badInput(
    'gdb-port-in-use',
    `Port ${port} is in use by another program; close it there, or give another port (0 lets the system choose one).`,
  );

export const editorRuns = (): UserError =>
  badInput('editor-runs', 'The editor runs the machine: pause it there first.');

export const portNotPermitted = (port: number): UserError =>
  badInput(
    'gdb-port-not-permitted',
    `Port ${port} is reserved by the system; give one from 1024 on (0 lets the system choose one).`,
  );

export const csrsAreReadOnly = () =>
  badInput(
    'csr-read-only',
    'CSRs and the privilege cannot be written; x1 to x31, pc and memory can, in the present of a live machine.',
  );

export const cannotResumeAt = () =>
  badInput(
    'cannot-resume-at',
    'A run begins where the machine stands: set pc first, in the present of a live machine.',
  );

/** Every reason why a file cannot boot is reported with its cause, its place and its remedy. */
import { bootRows } from './every/bootRows.ts';
import { testRows } from './every/rows.ts';

testRows('files to boot', bootRows);

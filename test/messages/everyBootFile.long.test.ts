/** If a file cannot be booted, the error names the cause, the location and the remedy. */
import { bootRows } from './every/bootRows.ts';
import { testRows } from './every/rows.ts';

testRows('files to boot', bootRows);

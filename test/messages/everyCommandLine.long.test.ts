/** If a command line is invalid, the error names the cause, the location and the remedy. */
import { cliRows } from './every/cliRows.ts';
import { testRows } from './every/rows.ts';

testRows('mistakes on the command line', cliRows);

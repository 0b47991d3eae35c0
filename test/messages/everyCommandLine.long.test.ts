/** Every mistake on the command line is reported with its cause, its place and its remedy. */
import { cliRows } from './every/cliRows.ts';
import { testRows } from './every/rows.ts';

testRows('mistakes on the command line', cliRows);

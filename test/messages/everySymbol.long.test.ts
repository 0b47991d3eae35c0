/** Every problem with symbols, formatters and the gdb server is shown with its cause, location and remedy. */
import { testRows } from './every/rows.ts';
import { gdbRows, symbolRows } from './every/symbolRows.ts';

testRows('symbols', symbolRows);
testRows('the gdb server', gdbRows);

/** All cases in gdb.test.ts pass; `npm test` runs only a selection of them. */
import './gdb.test.ts';

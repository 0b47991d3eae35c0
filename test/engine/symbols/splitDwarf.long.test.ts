/** All cases in splitDwarf.test.ts pass; `npm test` runs only a selection of them. */
import './splitDwarf.test.ts';

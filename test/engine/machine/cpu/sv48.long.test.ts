/** All cases in sv48.test.ts pass; `npm test` runs only a selection of them. */
import './sv48.test.ts';

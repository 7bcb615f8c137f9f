declare module "fs-native-extensions" {
  /** Takes the exclusive lock of a whole open file; false while another holder has it. */
  export function tryLock(fd: number): boolean;
}

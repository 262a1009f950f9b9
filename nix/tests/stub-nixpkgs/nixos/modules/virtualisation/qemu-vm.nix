# In nixpkgs: what makes a system one that runs in QEMU.
{
  virtualisation.diskSize = 1024;
}

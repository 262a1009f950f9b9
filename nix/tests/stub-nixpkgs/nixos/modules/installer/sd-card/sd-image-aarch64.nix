# In nixpkgs: what makes a system an image for an SD card.
{
  sdImage.compressImage = true;
}

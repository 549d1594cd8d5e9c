"""The genome kind `cnn`: convolutional networks for images, with what they are trained by."""

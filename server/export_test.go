package server

// Assisted are the routes that who assists may open.
var Assisted = assisted

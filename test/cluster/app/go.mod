module sluice.dev/testapp

go 1.24

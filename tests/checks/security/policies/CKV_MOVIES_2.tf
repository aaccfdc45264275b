resource "aws_ecs_service" "pass_private" {
  name = "api"
  network_configuration {
    subnets          = ["subnet-1"]
    assign_public_ip = false
  }
}

resource "aws_ecs_service" "pass_not_said" {
  name = "api"
  network_configuration {
    subnets = ["subnet-1"]
  }
}

resource "aws_ecs_service" "fail_public" {
  name = "api"
  network_configuration {
    subnets          = ["subnet-1"]
    assign_public_ip = true
  }
}

resource "aws_ecs_service" "fail_no_network" {
  name = "api"
}

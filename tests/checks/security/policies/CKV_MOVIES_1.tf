resource "aws_ecs_task_definition" "pass_digest_of_ours" {
  family                = "api"
  container_definitions = jsonencode([{ name = "api", image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/movies-api@sha256:0000000000000000000000000000000000000000000000000000000000000000" }])
}

resource "aws_ecs_task_definition" "fail_tag" {
  family                = "api"
  container_definitions = jsonencode([{ name = "api", image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/movies-api:latest" }])
}

resource "aws_ecs_task_definition" "fail_registry_of_a_stranger" {
  family                = "api"
  container_definitions = jsonencode([{ name = "api", image = "docker.io/library/node@sha256:0000000000000000000000000000000000000000000000000000000000000000" }])
}
